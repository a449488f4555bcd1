// Package kit is imported by the server.
package kit
