// Package imageuser reads from images whom their containers run as: from a folder with an OCI image
// layout, or an archive of one or of "docker save".
package imageuser
