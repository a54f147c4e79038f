// Package archtest holds no code, only tests of the shape of this module: who
// may import whom, what hf must not link, and what is allowed in main only.
package archtest
