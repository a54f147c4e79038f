package api

// Preferences answers GET preferences: what the user's configuration wants of
// hf itself, which reads no configuration.
type Preferences struct {
	Editor     string `json:"editor,omitempty"` // a shell command; "" = $VISUAL or $EDITOR
	TmuxWindow bool   `json:"tmuxWindow"`       // a new task gets a window where hf runs inside tmux
}
