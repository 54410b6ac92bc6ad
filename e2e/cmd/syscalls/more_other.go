//go:build !386

package main

func more(map[string]uintptr) {}
