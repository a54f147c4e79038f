package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"github.com/hf-dev/hf/internal/tui/ttytest"
)

// The sizes of a picture, in pixels.
const (
	cellWidth  = 11
	cellHeight = 23
	baseline   = 17
	margin     = 14
	fontSize   = 18
)

// The colours of the terminal's own.
var (
	paper = color.RGBA{0x16, 0x18, 0x1d, 0xff}
	ink   = color.RGBA{0xd7, 0xda, 0xe0, 0xff}
)

// painter draws cells.
type painter struct {
	img         *image.RGBA
	plain, bold face
}

// face is a font that says what it has.
type face struct {
	font.Face
	font *sfnt.Font
}

// pictureOf draws a terminal as it looks now.
func pictureOf(term *ttytest.Terminal) ([]byte, error) {
	p := &painter{img: image.NewRGBA(image.Rect(0, 0, width*cellWidth+2*margin, height*cellHeight+2*margin))}
	var err error
	if p.plain, err = newFace(gomono.TTF); err != nil {
		return nil, err
	}
	if p.bold, err = newFace(gomonobold.TTF); err != nil {
		return nil, err
	}
	p.fill(p.img.Bounds(), paper)
	term.Do(func(s *ttytest.Screen) {
		for y, row := range s.Cells() {
			for x := range row {
				if err == nil {
					err = p.cell(x, y, &row[x])
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	err = enc.Encode(&b, p.img)
	return b.Bytes(), err
}

func newFace(ttf []byte) (face, error) {
	f, err := opentype.Parse(ttf)
	if err != nil {
		return face{}, fmt.Errorf("read the font: %w", err)
	}
	out, err := opentype.NewFace(f, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
	return face{out, f}, err
}

func (p *painter) fill(r image.Rectangle, c color.Color) {
	draw.Draw(p.img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// cell draws one cell.
func (p *painter) cell(x, y int, c *ttytest.Cell) error {
	at := image.Pt(margin+x*cellWidth, margin+y*cellHeight)
	fg, bg := ink, paper
	if c.FG != "" {
		fg = rgb(c.FG)
	}
	if c.BG != "" {
		bg = rgb(c.BG)
	}
	if c.Reverse {
		fg, bg = bg, fg
	}
	if c.Faint {
		fg = between(fg, bg)
	}
	p.fill(image.Rectangle{at, at.Add(image.Pt(cellWidth, cellHeight))}, bg)
	if c.Underline {
		p.fill(image.Rect(at.X, at.Y+baseline+2, at.X+cellWidth, at.Y+baseline+3), fg)
	}
	if c.Text == "" || c.Text == " " {
		return nil
	}
	letter := []rune(c.Text)
	if len(letter) == 1 && p.sign(letter[0], at, fg) {
		return nil
	}
	f := p.plain
	if c.Bold {
		f = p.bold
	}
	for _, r := range letter {
		if i, err := f.font.GlyphIndex(nil, r); err != nil || i == 0 {
			return fmt.Errorf("the font has no %q (%U), and nothing else draws it", r, r)
		}
	}
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(fg), Face: f, Dot: fixed.P(at.X, at.Y+baseline)}
	d.DrawString(c.Text)
	return nil
}

// rgb is a colour by its name: of the sixteen, of the 256, or any.
func rgb(name string) color.RGBA {
	if name[0] == '#' {
		n, err := strconv.ParseUint(name[1:], 16, 32)
		if err != nil {
			return ink
		}
		return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff} //nolint:gosec // its bytes
	}
	n, err := strconv.Atoi(name)
	switch {
	case err != nil:
		return ink
	case n >= 232:
		v := uint8(8 + 10*(n-232)) //nolint:gosec // below 256
		return color.RGBA{v, v, v, 0xff}
	case n >= 16:
		level := func(i int) uint8 { return [6]uint8{0, 95, 135, 175, 215, 255}[i%6] }
		return color.RGBA{level((n - 16) / 36), level((n - 16) / 6), level(n - 16), 0xff}
	}
	base := [16]uint32{
		0x1d1f24, 0xe06c75, 0x98c379, 0xe5c07b, 0x61afef, 0xc678dd, 0x56b6c2, 0xabb2bf,
		0x5c6370, 0xf7768e, 0x9ece6a, 0xe0af68, 0x7aa2f7, 0xbb9af7, 0x7dcfff, 0xffffff,
	}[n]
	return color.RGBA{uint8(base >> 16), uint8(base >> 8), uint8(base), 0xff} //nolint:gosec // its bytes
}

func between(a, b color.RGBA) color.RGBA {
	mid := func(x, y uint8) uint8 { return uint8((int(x)*3 + int(y)*2) / 5) } //nolint:gosec // between two of them
	return color.RGBA{mid(a.R, b.R), mid(a.G, b.G), mid(a.B, b.B), 0xff}
}
