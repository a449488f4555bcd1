package redisstore

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestServerIsAwayUntilItHasBeenWellForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		bad := errors.New("bad")
		h := &health{tell: func(away bool, cause error) {
			if away != (cause == bad) {
				t.Errorf("away %v because of %v", away, cause)
			}
			told = append(told, away)
		}}
		want := func(when string, states ...bool) {
			t.Helper()
			if !slices.Equal(told, states) {
				t.Fatalf("%s: told %v, want %v", when, told, states)
			}
		}
		for range 10 { // never three in a row
			h.heard(bad)
			h.heard(bad)
			h.heard(nil)
		}
		want("failures now and then")
		for range awayAfter {
			h.heard(bad)
		}
		want("failures in a row", true)
		for range 10 { // it does half of what it is asked
			time.Sleep(backAfter - 1)
			h.heard(nil)
			h.heard(bad)
		}
		want("half well", true)
		time.Sleep(backAfter)
		h.heard(nil)
		h.heard(nil)
		want("well", true, false)
	})
}
