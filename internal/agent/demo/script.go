package demo

import (
	"strconv"
	"strings"
	"time"
)

// directive is one line of a script: its verb, what stands before the colon
// and what behind it.
type directive struct {
	verb string
	path string
	text string
}

// parse reads a prompt as a script. It is one when its first line is a
// directive; lines in it that are none are said as they are.
func parse(prompt string) (script []directive, ok bool) {
	for line := range strings.Lines(prompt) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		d, known := parseLine(line)
		if !known {
			if script == nil {
				return nil, false
			}
			d = directive{verb: "say", text: unescape(line)}
		}
		script = append(script, d)
	}
	return script, script != nil
}

func parseLine(line string) (directive, bool) {
	head, text, colon := strings.Cut(line, ":")
	verb, path, _ := strings.Cut(strings.TrimSpace(head), " ")
	path, text = strings.TrimSpace(path), unescape(strings.TrimSpace(text))
	d := directive{verb: verb, path: path, text: text}
	switch verb {
	case "say", "think", "plan", "run", "ask", "input", "commit", "fail":
		return d, colon && path == ""
	case "sleep", "limit":
		_, err := time.ParseDuration(text)
		return d, colon && path == "" && err == nil
	case "exit":
		_, err := strconv.Atoi(text)
		return d, colon && path == "" && err == nil
	case "stream":
		_, _, err := streamOf(text)
		return d, colon && path == "" && err == nil
	case "write", "append":
		return d, colon && path != "" && !strings.ContainsAny(path, " \t")
	case "read":
		return d, !colon && path != "" && !strings.ContainsAny(path, " \t")
	case "crash", "garbage", "hang":
		return d, path == "" && text == ""
	default:
		return d, false
	}
}

// streamOf reads "N every DURATION".
func streamOf(text string) (lines int, every time.Duration, err error) {
	count, pause, _ := strings.Cut(text, " every ")
	if lines, err = strconv.Atoi(strings.TrimSpace(count)); err != nil {
		return 0, 0, err
	}
	every, err = time.ParseDuration(strings.TrimSpace(pause))
	return lines, every, err
}

func unescape(text string) string { return strings.ReplaceAll(text, `\n`, "\n") }

// slug names the file of a prompt that is no script.
func slug(prompt string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(prompt) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "prompt"
}
