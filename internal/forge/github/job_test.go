package github

import "testing"

func TestJobOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]int64{
		"https://github.com/a/b/actions/runs/12/job/26543210987":          26543210987,
		"https://github.com/a/b/actions/runs/12/job/34?pr=5":              34,
		"https://github.com/a/b/actions/runs/12/attempts/2/job/34#s1":     34,
		"https://github.com/a/b/runs/34?check_suite_focus=true":           34,
		"https://github.com/a/b/actions/runs/12":                          0,
		"https://github.com/a/b/actions/runs/12/job/99999999999999999999": 0,
		"https://ci.example/builds/5":                                     0,
		"":                                                                0,
	} {
		if got := jobOf(address); got != want {
			t.Errorf("%s: %d, want %d", address, got, want)
		}
	}
}
