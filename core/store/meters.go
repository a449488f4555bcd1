package store

import "github.com/VictoriaMetrics/metrics"

// meters are what an Embedded counts.
type meters struct {
	commitSeconds *metrics.Histogram // of one write of a group, synced; failed ones included
	commitRecords *metrics.Histogram // of one group
	commitsFailed *metrics.Counter

	// Entries forgotten before their time because their table was full.
	forgotSpoken, forgotAccounts, forgotWindows, forgotLines, forgotTexts *metrics.Counter
}

func newMeters(set *metrics.Set) *meters {
	return &meters{
		commitSeconds:  set.GetOrCreateHistogram(`uproar_store_commit_seconds`),
		commitRecords:  set.GetOrCreateHistogram(`uproar_store_commit_records`),
		commitsFailed:  set.GetOrCreateCounter(`uproar_store_commits_failed_total`),
		forgotSpoken:   set.GetOrCreateCounter(`uproar_store_forgotten_total{table="spoken"}`),
		forgotAccounts: set.GetOrCreateCounter(`uproar_store_forgotten_total{table="accounts"}`),
		forgotWindows:  set.GetOrCreateCounter(`uproar_store_forgotten_total{table="windows"}`),
		forgotLines:    set.GetOrCreateCounter(`uproar_store_forgotten_total{table="lines"}`),
		forgotTexts:    set.GetOrCreateCounter(`uproar_store_forgotten_total{table="texts"}`),
	}
}
