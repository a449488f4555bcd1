package redisstore

import (
	"testing"

	"uproar/core/store"
	"uproar/core/store/redistest"
	"uproar/core/store/storetest"
)

func TestContract(t *testing.T) {
	for _, top := range topologies {
		t.Run(top.name, func(t *testing.T) {
			c := Config{Addrs: redistest.Addrs(top.start(t))}
			storetest.Run(t, func(t *testing.T) store.Store { return open(t, c) })
		})
	}
}

func TestContractOfTwoProcesses(t *testing.T) {
	for _, top := range topologies {
		t.Run(top.name, func(t *testing.T) {
			c := Config{Addrs: redistest.Addrs(top.start(t))}
			storetest.RunPair(t, func(t *testing.T) (store.Store, store.Store) { return open(t, c), open(t, c) })
		})
	}
}

func TestContractOfPosts(t *testing.T) {
	for _, top := range topologies {
		t.Run(top.name, func(t *testing.T) {
			c := Config{Addrs: redistest.Addrs(top.start(t))}
			storetest.RunPosts(t, func(t *testing.T) (store.Posts, store.Posts) { return open(t, c), open(t, c) })
		})
	}
}
