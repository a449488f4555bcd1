// Package memory is one implementation of a store.
package memory
