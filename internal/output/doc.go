// Package output writes what was found about containers in the formats of other programs.
package output
