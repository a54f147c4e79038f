package main

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
	"unicode/utf8"
)

// cast gathers what is written to a terminal, as asciicast v2 has it.
type cast struct {
	began  time.Time
	events [][3]any // when, "o", what
	rest   []byte   // the beginning of a letter
}

// Write takes a part of it.
func (c *cast) Write(p []byte) (int, error) {
	data := append(c.rest, p...)
	whole := len(data)
	for i := 1; i < utf8.UTFMax && i <= len(data); i++ {
		if at := len(data) - i; utf8.RuneStart(data[at]) {
			if !utf8.FullRune(data[at:]) {
				whole = at
			}
			break
		}
	}
	c.rest = bytes.Clone(data[whole:])
	if whole > 0 {
		at := math.Round(time.Since(c.began).Seconds()*1000) / 1000
		c.events = append(c.events, [3]any{at, "o", string(data[:whole])})
	}
	return len(p), nil
}

// file is the recording. It ends before the screen is given up.
func (c *cast) file() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	header := map[string]any{
		"version": 2, "width": width, "height": height, "title": "hf",
		"env": map[string]string{"TERM": "xterm-256color"}, "idle_time_limit": 2,
	}
	if err := enc.Encode(header); err != nil {
		return nil, err
	}
	for _, e := range c.events {
		if err := enc.Encode(e); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}
