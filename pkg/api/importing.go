package api

import "time"

// ListImport asks for a page of what there is of an owner to import. Answer:
// ImportPage.
type ListImport struct {
	Workspace string `json:"workspace,omitempty"`
	Host      string `json:"host,omitempty"` // of the forge; else github.com
	Owner     string `json:"owner"`          // an organisation or a user
	Cursor    string `json:"cursor,omitempty"`
	Env       Env    `json:"env,omitempty"`
}

// ImportPage is a part of the repositories of an owner.
type ImportPage struct {
	Schema int          `json:"schema"`
	Host   string       `json:"host"`
	Owner  string       `json:"owner"`
	Repos  []Importable `json:"repos"`
	Total  int          `json:"total"`          // of all pages; 0 when not known
	Next   string       `json:"next,omitempty"` // the cursor of the next page
}

// Importable is a repository of a forge that can be added.
type Importable struct {
	Name        string    `json:"name"`   // without the owner
	Remote      string    `json:"remote"` // from where hf would clone it
	Description string    `json:"description,omitempty"`
	Private     bool      `json:"private"`
	Fork        bool      `json:"fork"`
	Archived    bool      `json:"archived"`
	Empty       bool      `json:"empty"` // it has no commit
	SizeKiB     int64     `json:"sizeKiB"`
	PushedAt    time.Time `json:"pushedAt"`
	Repo        string    `json:"repo,omitempty"`  // what it is called in the workspace, when it is there already
	State       string    `json:"state,omitempty"` // of that repo
}

// ImportRepos asks to add repositories of a forge. They are cloned in the
// background, a few at a time. Answer: RepoList, of those. One that is known is
// left as it is; one whose clone failed is tried again.
type ImportRepos struct {
	Workspace string   `json:"workspace,omitempty"`
	Remotes   []string `json:"remotes"` // those of Importable
	Env       Env      `json:"env,omitempty"`
}
