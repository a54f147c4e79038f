package task

import "github.com/hf-dev/hf/pkg/api"

// Filter says which tasks a list holds. Its zero value means those of every
// workspace that are neither archived nor killed.
type Filter struct {
	Workspace  string          // "" = every one
	RepoID     string          // "" = every one
	Lifecycles []api.Lifecycle // any of these; empty = all that All allows
	Statuses   []api.Status    // shown as any of these; empty = all that All allows
	All        bool            // archived and killed ones too, where neither list names them
}
