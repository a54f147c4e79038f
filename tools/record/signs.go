package main

import (
	"image"
	"image/color"

	"golang.org/x/image/vector"
)

// A stroke is this wide, in parts of a cell's width.
const stroke = 0.16

// sign draws what fonts leave out, or draw with gaps between the cells: lines, and
// the signs of tasks. It is false for all else.
func (p *painter) sign(r rune, at image.Point, c color.Color) bool {
	const w, h = float32(cellWidth), float32(cellHeight)
	cx, cy := w/2, h/2
	z := vector.NewRasterizer(cellWidth, cellHeight)
	switch r {
	case '─':
		line(z, 0, cy, w, cy)
	case '│':
		line(z, cx, 0, cx, h)
	case '╴':
		line(z, 0, cy, cx, cy)
	case '├':
		line(z, cx, 0, cx, h)
		line(z, cx, cy, w, cy)
	case '╭':
		corner(z, cx, h, w, cy)
	case '╮':
		corner(z, cx, h, 0, cy)
	case '╰':
		corner(z, cx, 0, w, cy)
	case '╯':
		corner(z, cx, 0, 0, cy)
	case '█':
		shape(z, 0, 0, w, 0, w, h, 0, h)
	case '◆':
		shape(z, cx, cy-5, cx+5, cy, cx, cy+5, cx-5, cy)
	case '▸':
		shape(z, cx-3, cy-4.5, cx+4, cy, cx-3, cy+4.5)
	case '▾':
		shape(z, cx-4.5, cy-3, cx+4.5, cy-3, cx, cy+4)
	case '✓':
		line(z, cx-4, cy+1, cx-1, cy+4)
		line(z, cx-1, cy+4, cx+4.5, cy-4)
	case '✗':
		line(z, cx-4, cy-4, cx+4, cy+4)
		line(z, cx-4, cy+4, cx+4, cy-4)
	case '◌':
		for _, d := range [][2]float32{{0, -4}, {2.8, -2.8}, {4, 0}, {2.8, 2.8}, {0, 4}, {-2.8, 2.8}, {-4, 0}, {-2.8, -2.8}} {
			dot(z, cx+d[0], cy+d[1], 0.8)
		}
	default:
		return false
	}
	z.Draw(p.img, image.Rectangle{at, at.Add(image.Pt(cellWidth, cellHeight))}, image.NewUniform(c), image.Point{})
	return true
}

// line is a stroke from one point to another.
func line(z *vector.Rasterizer, x0, y0, x1, y1 float32) {
	const half = stroke * cellWidth / 2
	dx, dy := x1-x0, y1-y0
	n := max(abs(dx), abs(dy))
	dx, dy = dx/n*half, dy/n*half
	shape(z, x0-dy, y0+dx, x1-dy, y1+dx, x1+dy, y1-dx, x0+dy, y0-dx)
}

func abs(v float32) float32 { return max(v, -v) }

// corner is a bent stroke from the edge above or below the middle to the one beside it.
func corner(z *vector.Rasterizer, x0, y0, x1, y1 float32) {
	const half = stroke * cellWidth / 2
	bendY := y1 + (y0-y1)*0.35
	line(z, x0, y0, x0, bendY)
	side, up := float32(half), float32(half)
	if x1 < x0 {
		side = -half
	}
	if y0 < y1 {
		up = -half
	}
	z.MoveTo(x0-side, bendY)
	z.QuadTo(x0-side, y1-up, x1, y1-up)
	z.LineTo(x1, y1+up)
	z.QuadTo(x0+side, y1+up, x0+side, bendY)
	z.ClosePath()
}

func dot(z *vector.Rasterizer, x, y, r float32) { shape(z, x-r, y-r, x+r, y-r, x+r, y+r, x-r, y+r) }

// shape fills what lies between points.
func shape(z *vector.Rasterizer, points ...float32) {
	z.MoveTo(points[0], points[1])
	for i := 2; i < len(points); i += 2 {
		z.LineTo(points[i], points[i+1])
	}
	z.ClosePath()
}
