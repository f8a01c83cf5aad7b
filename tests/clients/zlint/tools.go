//go:build tools

// Package tools names the program that the tests build.
package tools

import _ "github.com/zmap/zlint/v3/cmd/zlint"
