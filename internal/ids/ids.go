// Package ids makes the short names hf gives to what it creates.
package ids

import "crypto/rand"

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

// New returns a random id of eight characters, [a-z][a-z0-9]{7}. It is safe in
// a file name, a branch name and a shell word. About 2·10¹² of them exist: the
// store's unique index is what makes one unique.
func New() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	for i := range b {
		n := byte(len(alphabet))
		if i == 0 {
			n = 26
		}
		b[i] = alphabet[b[i]%n]
	}
	return string(b[:])
}
