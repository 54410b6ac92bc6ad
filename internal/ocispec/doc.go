// Package ocispec reads and edits OCI runtime specs without losing anything.
//
// A spec is decoded into the types of the OCI runtime specification, edited
// there, and written back as a patch of the original bytes: members that the
// types do not know (a newer specification, a vendor's extension) keep their
// place and their bytes.
package ocispec
