package redisbus

import "strconv"

// keys makes names of keys; see the package's comment.
type keys struct{ prefix string }

func (k keys) channel(partition int) string { return k.prefix + "{x" + strconv.Itoa(partition) + "}" }

func (k keys) stream(partition int, room string) string { return k.channel(partition) + ":s:" + room }

func (k keys) counter(partition int, room string) string { return k.channel(partition) + ":h:" + room }

func (k keys) number(partition int, publisher string) string {
	return k.channel(partition) + ":d:" + publisher
}
