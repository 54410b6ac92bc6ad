package seccomp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/specguard/specguard/internal/strict"
)

// Family is the name of a socket address family, such as AF_ALG.
type Family string

// families has the numbers of those that can be blocked (Linux, include/linux/
// socket.h). AF_PACKET and AF_SMC are not among them.
func families() map[Family]uint32 {
	return map[Family]uint32{
		"AF_UNIX": unix.AF_UNIX, "AF_INET": unix.AF_INET, "AF_AX25": unix.AF_AX25, "AF_IPX": unix.AF_IPX,
		"AF_APPLETALK": unix.AF_APPLETALK, "AF_NETROM": unix.AF_NETROM, "AF_ATMPVC": unix.AF_ATMPVC, "AF_X25": unix.AF_X25,
		"AF_INET6": unix.AF_INET6, "AF_ROSE": unix.AF_ROSE, "AF_KEY": unix.AF_KEY, "AF_NETLINK": unix.AF_NETLINK,
		"AF_ATMSVC": unix.AF_ATMSVC, "AF_RDS": unix.AF_RDS, "AF_PPPOX": unix.AF_PPPOX, "AF_LLC": unix.AF_LLC,
		"AF_IB": unix.AF_IB, "AF_MPLS": unix.AF_MPLS, "AF_CAN": unix.AF_CAN, "AF_TIPC": unix.AF_TIPC,
		"AF_BLUETOOTH": unix.AF_BLUETOOTH, "AF_IUCV": unix.AF_IUCV, "AF_RXRPC": unix.AF_RXRPC, "AF_ISDN": unix.AF_ISDN,
		"AF_PHONET": unix.AF_PHONET, "AF_IEEE802154": unix.AF_IEEE802154, "AF_CAIF": unix.AF_CAIF, "AF_ALG": unix.AF_ALG,
		"AF_NFC": unix.AF_NFC, "AF_VSOCK": unix.AF_VSOCK, "AF_KCM": unix.AF_KCM, "AF_QIPCRTR": unix.AF_QIPCRTR,
		"AF_XDP": unix.AF_XDP, "AF_MCTP": unix.AF_MCTP,
	}
}

// UnmarshalText reads a family's name; an unknown one is an error.
func (f *Family) UnmarshalText(text []byte) error {
	switch name := Family(text); name {
	case "AF_PACKET":
		return fmt.Errorf("AF_PACKET cannot be blocked: AF_INET with type SOCK_PACKET opens one, too; drop capability NET_RAW, which both need")
	case "AF_SMC":
		return fmt.Errorf("AF_SMC cannot be blocked: AF_INET with protocol IPPROTO_SMC opens one, too")
	default:
		if _, ok := families()[name]; !ok {
			return fmt.Errorf("unknown socket family %q (allowed: %s)", text, strings.Join(familyNames(), ", "))
		}
		*f = name
		return nil
	}
}

// JSONSchema lists the families.
func (Family) JSONSchema() map[string]any {
	return strict.Named("socket family", strict.Enum(familyNames()...))
}

func familyNames() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(families())) {
		out = append(out, string(name))
	}
	return out
}
