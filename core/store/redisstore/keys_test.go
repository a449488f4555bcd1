package redisstore

import (
	"testing"

	"uproar/core/store"
)

func TestNoticeNamesItsRecord(t *testing.T) {
	for _, k := range []store.Key{roomKey("room"), memberKey("room", "bob"), {Kind: store.KindAccount, Login: "bob"}} {
		if got := parseNotice(notice(k)); got != k {
			t.Errorf("%v came back as %v", k, got)
		}
	}
}

func TestUnreadableNoticeMakesEverythingStale(t *testing.T) {
	for _, text := range []string{"", "r", "r:", "m:room", "m:room:", "m::bob", "a:b:c", "r:a:b", "x:room"} {
		if got := parseNotice(text); got != (store.Key{}) {
			t.Errorf("%q came back as %v", text, got)
		}
	}
}
