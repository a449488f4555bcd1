package redisbus

import (
	"testing"

	"go.uber.org/goleak"
)

// rueidis closes the connections of a node that has left a cluster 5 s later.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"))
}
