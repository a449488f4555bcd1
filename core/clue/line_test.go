package clue

import (
	"strings"
	"testing"

	"uproar/core/chat"
)

func TestParse(t *testing.T) {
	for raw, want := range map[string]Line{
		"hello":                        {Text: "hello"},
		"  a   b  ":                    {Text: "a b"},
		"":                             {},
		"   ":                          {},
		"/":                            {Text: "/"},
		".":                            {Text: "."},
		"/me waves":                    {Text: "waves", Action: true},
		".me waves":                    {Text: "waves", Action: true},
		"/ME   waves  twice ":          {Text: "waves twice", Action: true},
		"/me /ban":                     {Text: "/ban", Action: true},
		"/me":                          {Action: true},
		"/mean":                        {Text: "/mean", Command: "mean"},
		"\x01ACTION waves\x01":         {Text: "waves", Action: true},
		"\x01ACTION  a  b \x01 ":       {Text: "a b", Action: true},
		"\x01ACTION waves":             {Text: "waves", Action: true},
		"\x01ACTION\x01":               {Action: true},
		"\x01ACTION /ban x\x01":        {Text: "/ban x", Action: true},
		"\x01ACTIONS speak\x01":        {Text: "ACTIONS speak"},
		"\x01VERSION\x01":              {Text: "VERSION"},
		"a\x01b":                       {Text: "ab"},
		"/ text":                       {Text: "text"},
		"/ /ban x":                     {Text: "/ban x"},
		"/  /me  x":                    {Text: "/me x"},
		". text":                       {Text: ". text"},
		"..ban":                        {Text: "..ban"},
		"//ban":                        {Text: "//ban"},
		"./x":                          {Text: "./x"},
		"...":                          {Text: "..."},
		".5 is half":                   {Text: ".5 is half"},
		"/@x":                          {Text: "/@x"},
		"/[x":                          {Text: "/[x"},
		"/`x":                          {Text: "/`x"},
		"/{x":                          {Text: "/{x"},
		"/Zx":                          {Text: "/Zx", Command: "Zx"},
		"/ax":                          {Text: "/ax", Command: "ax"},
		"/foo bar":                     {Text: "/foo bar", Command: "foo"},
		".foo bar":                     {Text: ".foo bar", Command: "foo"},
		" /w bob psst":                 {Text: "/w bob psst", Command: "w"},
		"/" + strings.Repeat("x", 60):  {Text: "/" + strings.Repeat("x", 60), Command: strings.Repeat("x", 50)},
		"/x" + strings.Repeat("é", 40): {Text: "/x" + strings.Repeat("é", 40), Command: "x" + strings.Repeat("é", 24)},
	} {
		if got := Parse(raw); got != want {
			t.Errorf("Parse(%q) = %+v, want %+v", raw, got, want)
		}
		if got := IsCommand(raw); got != (want.Command != "") {
			t.Errorf("IsCommand(%q) is %v", raw, got)
		}
	}
}

func TestActionHasFiveHundredOfItsOwn(t *testing.T) {
	long := strings.Repeat("é", chat.TextRunesMax+1)
	for _, raw := range []string{"/me " + long, "\x01ACTION " + long + "\x01", "/ " + long, long} {
		if got := Parse(raw); got.Text != long[:2*chat.TextRunesMax] {
			t.Errorf("%.10q: %d bytes", raw, len(got.Text))
		}
	}
}

func TestAddressed(t *testing.T) {
	parent := &chat.User{Login: "ann", Display: "Ann"}
	for text, want := range map[string]string{
		"hi":                     "@Ann hi",
		"@Ann hi":                "@Ann hi",
		"@ann hi":                "@ann hi",
		"@Ann":                   "@Ann",
		"@Anna hi":               "@Ann @Anna hi",
		"@An":                    "@Ann @An",
		"Ann hi":                 "@Ann Ann hi",
		strings.Repeat("é", 500): "@Ann " + strings.Repeat("é", 495),
	} {
		if got := addressed(text, parent); got != want {
			t.Errorf("addressed(%.12q) = %.24q", text, got)
		}
	}
}
