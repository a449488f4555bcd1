package command

import "strings"

// rosterBytesMax bounds the line that lists a roster: names that do not fit are left
// out.
const rosterBytesMax = 8 << 10

func mods() *Command {
	return &Command{
		Name: "mods", takes: nothing,
		usage: usage("usage_mods", `"/mods" - Lists the moderators of this channel.`),
		needs: func(n *Needs, _ string) { n.Mods = true },
		judge: judgeMods,
	}
}

// judgeMods: clients parse the text, from the colon on.
func judgeMods(c *Call, _ string) Verdict {
	if len(c.Mods) == 0 {
		return told("no_mods", "There are no moderators of this channel.")
	}
	return told("room_mods", "The moderators of this channel are: %s", listed(c.Mods))
}

func vips() *Command {
	return &Command{
		Name: "vips", takes: nothing,
		usage: usage("usage_vips", `"/vips" - Lists the VIPs of this channel.`),
		needs: func(n *Needs, _ string) { n.VIPs = true },
		judge: judgeVIPs,
	}
}

// judgeVIPs: unlike /mods, the text ends with a dot, which clients take off.
func judgeVIPs(c *Call, _ string) Verdict {
	if len(c.VIPs) == 0 {
		return told("no_vips", "This channel does not have any VIPs.")
	}
	return told("vips_success", "The VIPs of this channel are: %s.", listed(c.VIPs))
}

// listed joins as many logins as fit.
func listed(logins []string) string {
	n, size := 0, 0
	for _, login := range logins {
		if size += len(login) + len(", "); size > rosterBytesMax {
			break
		}
		n++
	}
	return strings.Join(logins[:n], ", ")
}
