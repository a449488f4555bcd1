package account

import (
	"errors"
	"fmt"
	"testing"

	"uproar/core/chat"
)

func TestOpenTakesTheNick(t *testing.T) {
	u, err := Open{}.Authenticate("whatever", "DalLas")
	if err != nil {
		t.Fatal(err)
	}
	want := chat.User{ID: chat.StableID("dallas"), Login: "dallas", Display: "DalLas", Color: DefaultColor("dallas")}
	if *u != want {
		t.Fatalf("got %+v, want %+v", *u, want)
	}
}

func TestOpenRefusesWhatIsNoLogin(t *testing.T) {
	for _, nick := range []string{"", "_ann", "a b", "jörg", "abcdefghijklmnopqrstuvwxyz"} {
		if _, err := (Open{}).Authenticate("t", nick); !errors.Is(err, ErrLoginFailed) {
			t.Errorf("%q: %v", nick, err)
		}
	}
}

func TestAnonymousOnlyReads(t *testing.T) {
	u := Anonymous("justinfan123")
	if !u.Anonymous || u.Login != "justinfan123" || u.Color != "" || u.ID == "" {
		t.Fatalf("got %+v", u)
	}
}

func TestDefaultColorIsStableAndSpread(t *testing.T) {
	seen := make(map[string]int)
	for i := range 1500 {
		seen[DefaultColor(fmt.Sprint("viewer", i))]++
	}
	if len(seen) != 15 {
		t.Fatalf("%d colours of 15", len(seen))
	}
	for color, n := range seen {
		if n < 50 || n > 150 {
			t.Errorf("%s: %d of 1500", color, n)
		}
	}
	for login, want := range map[string]string{"dallas": "#9ACD32", "ann": "#9ACD32"} {
		if got := DefaultColor(login); got != want {
			t.Errorf("%s: got %s, want %s", login, got, want)
		}
	}
}
