// Package util is about nothing.
package util
