// Package app is the agent: its configuration, and how its parts are put together.
package app
