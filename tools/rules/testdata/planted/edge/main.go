// Command edge picks implementations.
package main

import (
	"flag"

	_ "uproar/core/store/memory"
)

func main() { flag.Parse() }
