package task

import "github.com/hf-dev/hf/pkg/api"

// BestPull is the pull request of a task that counts, nil for none: the newest
// of those that are open, or else of all.
func BestPull(pulls []api.PullRequest, id string) (best *api.PullRequest) {
	for i := range pulls {
		p := &pulls[i]
		if p.Task == id && (best == nil || best.Ended() && !p.Ended() || best.Ended() == p.Ended() && p.Number > best.Number) {
			best = p
		}
	}
	return best
}
