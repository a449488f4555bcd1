package exchange

// RoomsOf is how many rooms x keeps anything of, those in the queues included.
func RoomsOf(x *Inbox) int {
	n := 0
	for i := range x.partitions {
		p := &x.partitions[i]
		p.mu.Lock()
		n += len(p.mu.rooms) + len(p.mu.queue)
		p.mu.Unlock()
	}
	return n
}
