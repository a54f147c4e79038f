// Package migrations holds the schema of hf's database, one SQL file a
// version: 0001_init.sql leads to version 1, and so on. A file that was
// released is never changed.
package migrations

import "embed"

// FS holds the files, in the order of their names.
//
//go:embed *.sql
var FS embed.FS
