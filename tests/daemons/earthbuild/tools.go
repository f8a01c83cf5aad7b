//go:build tools

// Package daemons names the programs whose versions go.mod pins.
package daemons

import (
	_ "github.com/moby/buildkit/cmd/buildctl"
	_ "github.com/moby/buildkit/cmd/buildkitd"
)
