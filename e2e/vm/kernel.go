package vm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Fields of the header of a bzImage (Linux, Documentation/arch/x86/boot.rst).
const (
	setupSects    = 0x1f1 // how many sectors the code before the payload takes, without the first
	headerMagic   = 0x202
	payloadOffset = 0x248 // after that code
	payloadLength = 0x24c
	sector        = 512
)

// extractKernel writes the kernel that a bzImage holds compressed: an emulated
// processor takes half a minute to unpack it at each boot.
func extractKernel(ctx context.Context, bzImage, vmlinux string) error {
	image, err := os.ReadFile(bzImage)
	if err != nil {
		return err
	}
	packed, err := payload(image)
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	unpack, err := unpacker(packed)
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	out, err := os.Create(vmlinux)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, unpack[0], unpack[1:]...)
	var stderr bytes.Buffer
	// The length of what comes out follows what goes in.
	length := int64(binary.LittleEndian.Uint32(packed[len(packed)-4:]))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(packed[:len(packed)-4]), out, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kernel: %s: %w: %s", unpack[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	if info, err := out.Stat(); err != nil || info.Size() != length {
		return fmt.Errorf("kernel: not the %d bytes that the bzImage says: %w", length, err)
	}
	return nil
}

// payload is the compressed kernel in a bzImage.
func payload(image []byte) ([]byte, error) {
	if len(image) < payloadLength+4 || string(image[headerMagic:headerMagic+4]) != "HdrS" {
		return nil, errors.New("not a bzImage")
	}
	start := (int(image[setupSects])+1)*sector + int(binary.LittleEndian.Uint32(image[payloadOffset:]))
	end := start + int(binary.LittleEndian.Uint32(image[payloadLength:]))
	if start+4 > end || end > len(image) {
		return nil, errors.New("the header of the bzImage points outside of it")
	}
	return image[start:end], nil
}

// unpacker is the command that unpacks data, by its first bytes.
func unpacker(data []byte) ([]string, error) {
	for magic, command := range map[string][]string{
		"\xfd7zXZ\x00":     {"xz", "-dcq", "--single-stream"},
		"\x28\xb5\x2f\xfd": {"zstd", "-dcq"},
		"\x02\x21\x4c\x18": {"lz4", "-dc"},
	} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return command, nil
		}
	}
	return nil, fmt.Errorf("compressed in an unknown way: % x", data[:min(6, len(data))])
}
