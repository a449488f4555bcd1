package rules_test

// policy is who may import whom: section 2 of ARCHITECTURE.md as a table. A line
// "may" is looked up by importer, the longest subject counts; a line "only" binds
// whoever imports its subject.
const policy = `
proto/...     may  std proto/...
proto/ws/...  may  std proto/... github.com/gobwas/ws/... github.com/gobwas/httphead github.com/klauspost/compress/flate
core/...      may  std proto/... core/... ext
edge/...      may  std proto/... core/... edge/... ext
bench/...     may  std proto/... bench/... ext
tools/...     may  std proto/... ext

github.com/redis/rueidis/...     only  core/store/redisstore/... core/exchange/redisbus/...
github.com/panjf2000/gnet/v2/... only  edge/engine
gonum.org/v1/plot/...            only  bench/report

# The main package alone picks implementations.
core/store/*     only  edge edge/edgetest core/store/...   # edgetest runs redistest
core/exchange/*  only  edge core/exchange/...

edge/edgetest  only  none
tools/...      only  none
`

// testPolicy binds test files: looser, but a part is tested from its own side.
const testPolicy = `
proto/...  may  std proto/... ext
core/...   may  std proto/... core/... ext
edge/...   may  std proto/... core/... edge/... ext
bench/...  may  std proto/... bench/... edge/edgetest ext
tools/...  may  std proto/... edge/edgetest tools/... ext

github.com/panjf2000/gnet/v2/... only  edge/engine
`
