// Package app is the agent: its configuration, and the wiring of its parts.
package app
