package command

import (
	"strings"

	"uproar/core/store"
)

// colors are those that everybody may choose, by name. Values: CSS.
var colors = []struct{ name, hex string }{
	{"Blue", "#0000FF"}, {"BlueViolet", "#8A2BE2"}, {"CadetBlue", "#5F9EA0"}, {"Chocolate", "#D2691E"},
	{"Coral", "#FF7F50"}, {"DodgerBlue", "#1E90FF"}, {"Firebrick", "#B22222"}, {"GoldenRod", "#DAA520"},
	{"Green", "#008000"}, {"HotPink", "#FF69B4"}, {"OrangeRed", "#FF4500"}, {"Red", "#FF0000"},
	{"SeaGreen", "#2E8B57"}, {"SpringGreen", "#00FF7F"}, {"YellowGreen", "#9ACD32"},
}

// colorNames is how texts list them.
var colorNames = func() string {
	names := make([]string, len(colors))
	for i, c := range colors {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}()

var usageColor = usage("usage_color", `"/color <color>" - Change your username color. Color must be in hex (#000000) or one of the following: `+colorNames+".")

func color() *Command {
	return &Command{
		Name: "color", Personal: true, takes: text,
		usage: usageColor,
		judge: judgeColor,
	}
}

func judgeColor(c *Call, args string) Verdict {
	color := hexColor(args)
	switch {
	case color != "" && !c.Limits.HexColors:
		return refuse(notice("turbo_only_color", "Only turbo users can specify an arbitrary hex color. Use one of the following instead: %s.", colorNames))
	case color == "":
		if color = namedColor(args); color == "" {
			return refuse(usageColor)
		}
	}
	v := told("color_changed", "Your color has been changed.")
	v.Changes = []KeyedChange{{
		Key:    store.Key{Kind: store.KindAccount, Login: c.Issuer.Login},
		Change: store.Change{Color: &color},
	}}
	return v
}

// hexColor is "#RRGGBB" in upper case, or empty when s is no such colour.
func hexColor(s string) string {
	if len(s) != len("#000000") || s[0] != '#' || strings.Trim(s[1:], "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return strings.ToUpper(s)
}

// namedColor is the value of a name, in any case and with '_' or not: both "BlueViolet"
// and "blue_violet" are in use.
func namedColor(s string) string {
	if len(s) > nameBytesMax {
		return ""
	}
	s = strings.ReplaceAll(s, "_", "")
	for _, c := range colors {
		if strings.EqualFold(s, c.name) {
			return c.hex
		}
	}
	return ""
}
