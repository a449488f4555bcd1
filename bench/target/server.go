package target

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"uproar/bench/load"
)

// Server is a process that a swarm and publishers can connect to.
type Server struct {
	*Process
	Wire       load.Wire
	Hello      load.Hello // how members get in, on the wires that need to be told
	Members    string     // address for members
	Publishers string     // address for publishers
	Raw        bool       // publishers send whole lines, unregistered
	Upgrade    string     // Raw, in text frames, after an upgrade at this path; "" is without frames
	Prefix     string     // of publishers' lines as members see them; "" is as Uproar writes it: see load.SwarmConfig
	Window     int        // how many members it takes on their way in at a time; 0 is 256
	Admin      string     // metrics; "" when it has none
	Link       string     // where other processes of a fleet reach it; "" when they do not
}

// Pids are the server's processes now: the one that was started, and all below it.
func (p *Process) Pids() ([]int, error) {
	pids := []int{p.Pid}
	for i := 0; i < len(pids); i++ {
		lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pids[i]))
		if err != nil {
			return nil, fmt.Errorf("cannot list the children of %q: %w", p.Name, err)
		}
		for _, list := range lists {
			children, err := os.ReadFile(list)
			if err != nil {
				continue // a thread that has ended
			}
			for _, child := range strings.Fields(string(children)) {
				pid, err := strconv.Atoi(child)
				if err != nil {
					return nil, fmt.Errorf("cannot read %q: %w", list, err)
				}
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}
