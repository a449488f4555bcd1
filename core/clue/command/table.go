package command

// table is the commands, in the order of /help, and by name and alias.
type table struct {
	list   []*Command
	byName map[string]*Command
}

var all = build()

func build() *table {
	t := &table{byName: make(map[string]*Command)}
	for _, c := range []*Command{
		whisper(), color(), mods(), vips(),
		ban(), unban(), timeout(), untimeout(),
		slow(), slowOff(), followers(), followersOff(),
	} {
		t.add(c)
	}
	for _, s := range switches {
		t.add(s.command(true))
		t.add(s.command(false))
	}
	t.add(clearing())
	t.add(deletion())
	t.add(approve())
	t.add(deny())
	t.add(announce("announce", "PRIMARY"))
	t.add(announce("announceblue", "BLUE"))
	t.add(announce("announcegreen", "GREEN"))
	t.add(announce("announceorange", "ORANGE"))
	t.add(announce("announcepurple", "PURPLE"))
	for _, c := range []*Command{mod(), unmod(), vip(), unvip(), raid(), unraid()} {
		t.add(c)
	}
	t.add(help(t))
	return t
}

func (t *table) add(c *Command) {
	t.list = append(t.list, c)
	t.byName[c.Name] = c
	for _, alias := range c.aliases {
		t.byName[alias] = c
	}
}
