package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// Task is work for a loop. Run is called once, on the loop; it must be short.
type Task interface{ Run(l *Loop) }

// mailbox takes tasks from any goroutine and hands them to its loop in the order
// in which they came: gnet's own queue overtakes once 1,024 tasks wait. The loop is
// woken once per batch.
type mailbox struct {
	weightMax int
	depth     atomic.Int64 // weight waiting, for metrics

	mu struct {
		sync.Mutex
		tasks  []Task
		weight int
		since  time.Time // when the oldest waiting task came
		awake  bool      // the loop is or will be running tasks
		closed bool
	}
	spare []Task // loop's: the array of the batch before
}

// put appends t. It reports whether there was room, and whether the caller must
// wake the loop. A weight of 0 is always taken: its sender bounds such tasks itself.
func (m *mailbox) put(t Task, weight int) (taken, wake bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed || (weight > 0 && m.mu.weight+weight > m.weightMax) {
		return false, false
	}
	if len(m.mu.tasks) == 0 {
		m.mu.since = time.Now()
	}
	m.mu.tasks = append(m.mu.tasks, t)
	m.mu.weight += weight
	m.depth.Store(int64(m.mu.weight))
	wake = !m.mu.awake
	m.mu.awake = true
	return true, wake
}

// take hands over all that waits, and when the first of it came.
func (m *mailbox) take() (tasks []Task, since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tasks, since = m.mu.tasks, m.mu.since
	m.mu.tasks, m.mu.weight = m.spare[:0], 0
	m.spare = nil
	m.depth.Store(0)
	return tasks, since
}

// rest ends a batch: it takes the array back and reports whether more has come
// meanwhile. If so the mailbox stays awake and the caller sees to the next batch.
func (m *mailbox) rest(done []Task) (more bool) {
	clear(done)
	if cap(done) <= mailboxSpareMax {
		m.spare = done[:0]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	more = len(m.mu.tasks) > 0
	m.mu.awake = more
	return more
}

// mailboxSpareMax bounds the array kept between batches, in tasks (16 bytes each).
const mailboxSpareMax = 4096

// close refuses all tasks from now on.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.closed = true
	m.mu.tasks = nil
}

// Post hands t to the loop. It reports false when the loop's mailbox is full or the
// engine has ended: t will not run, and the caller acts on that. weight (from 1)
// counts against MailboxMax. Any goroutine may call it.
func (l *Loop) Post(t Task, weight int) bool {
	taken, wake := l.mail.put(t, max(weight, 1))
	if wake {
		l.wake()
	}
	return taken
}

// PostAlways is Post for tasks whose number the caller bounds, such as answers to
// requests of which only so many are under way: refused only when the engine has
// ended.
func (l *Loop) PostAlways(t Task) bool {
	taken, wake := l.mail.put(t, 0)
	if wake {
		l.wake()
	}
	return taken
}

// wake has Run called on the loop.
func (l *Loop) wake() { l.host.wake() }

// runMail is one batch of the mailbox.
func (l *Loop) runMail() {
	tasks, since := l.mail.take()
	if len(tasks) > 0 {
		l.late = time.Since(since)
		l.lag.Store(int64(l.late))
	}
	for _, t := range tasks {
		t.Run(l)
	}
	if l.mail.rest(tasks) {
		// gnet runs its queue until it is empty before it looks at a socket again.
		// Waking from here would keep it away from them under load, so another
		// goroutine does, a moment after this turn has ended.
		go l.wake()
	}
}
