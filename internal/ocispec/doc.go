// Package ocispec reads and edits OCI runtime specs without losing anything.
//
// A spec is decoded into the types of the OCI runtime specification and edited there. Then
// the edits are written back as a patch of the original bytes: members that the types do
// not know, of a newer specification or a vendor's extension, keep their place and their
// bytes.
package ocispec
