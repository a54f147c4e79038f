package server

import (
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

func TestEveryCodeHasAStatus(t *testing.T) {
	table := statusOf()
	for _, code := range api.Codes() {
		if table[code] < 400 {
			t.Errorf("%s has status %d", code, table[code])
		}
	}
	if len(table) != len(api.Codes()) {
		t.Errorf("the table has %d codes, the contract %d", len(table), len(api.Codes()))
	}
}
