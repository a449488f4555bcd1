package exchangetest

import (
	"testing"

	"go.uber.org/goleak"

	"uproar/core/exchange"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemoryKeepsTheContract(t *testing.T) {
	Run(t, func(*testing.T) Bus { return NewMemory(exchange.Partitions).Bus() })
}

func TestMemoryOfTwoPartitionsKeepsTheContract(t *testing.T) {
	Run(t, func(*testing.T) Bus { return NewMemory(2).Bus() })
}
