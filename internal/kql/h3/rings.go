package h3

// beside moves a digit of a resolution in a direction: it gives the new digit and the
// direction in which the coarser cell is left, 0 when it is not.
func beside(res int, digit, direction uint64) (next, carry uint64) {
	at := steps[digit].add(steps[direction]).normal()
	var up, center ijk
	if odd(res) {
		up = at.coarser()
		center = up.finer()
	} else {
		up = at.coarserBack()
		center = up.finerBack()
	}
	return at.sub(center).digit(), up.digit()
}

// neighbor gives the cell beside a cell. Directions are those of the cell's base, turned so
// often to the left; turns says how often they have to be turned there to mean the same.
// ok is false when a pentagon has no neighbor in that direction.
func (c Cell) neighbor(direction uint64, turns int) (next Cell, turned int, ok bool) {
	turns %= 6
	for range turns {
		direction = leftOf[direction]
	}
	old, lead := c.base(), c.leading()
	c, extra, more := c.stepped(direction)
	turns += more
	to := c.base()
	if !homes[to].pentagon {
		for range extra {
			c = c.turned(&leftOf)
		}
		return c, (turns + extra) % 6, true
	}
	adjusted := false
	if c.leading() == 1 {
		switch {
		case old != to && homes[to].enteredClockwise(int(homes[old].face)):
			c, adjusted = c.turned(&rightOf), true
		case old != to:
			c, adjusted = c.turned(&leftOf), true
		case lead == 3:
			c, turns = c.turned(&leftOf), turns+1
		case lead == 5:
			c, turns = c.turned(&rightOf), turns+5
		default:
			return 0, 0, false
		}
	}
	for range extra {
		c = c.turnedPentagon(&leftOf)
	}
	if old != to {
		turns += distortion(old, to, c.leading(), adjusted)
	}
	return c, (turns + extra) % 6, true
}

// distortion is the turn that comes of the direction which a pentagon lacks.
func distortion(old, to int, lead uint64, adjusted bool) int {
	if to == 4 || to == 117 { // the pentagons at the poles, all of whose neighbors lie along i
		if old != 118 && old != 8 && lead != 3 {
			return 1
		}
		return 0
	}
	if lead == 5 && !adjusted {
		return 1
	}
	return 0
}

// stepped moves the digits in a direction and, when they do not suffice, to the next base,
// whose axes are turned by extra.
func (c Cell) stepped(direction uint64) (next Cell, extra, turns int) {
	for r := c.Resolution(); r > 0; r-- {
		digit, carry := beside(r, c.digit(r), direction)
		c = c.withDigit(r, digit)
		if carry == 0 {
			return c, 0, 0
		}
		direction = carry
	}
	old := c.base()
	if to := baseNeighbors[old][direction]; to != noBase {
		return c.withBase(int(to)), int(baseTurns[old][direction]), 0
	}
	// The direction k is missing: what lies there is the neighbor along ik.
	return c.withBase(int(baseNeighbors[old][5])).turned(&leftOf), int(baseTurns[old][5]), 1
}

// sides are the directions of a ring's sides, beginning at its corner along i.
var sides = [6]uint64{2, 3, 1, 5, 4, 6}

// Rings gives the cell, its neighbors, the neighbors of those, up to a distance. Around a
// pentagon a ring has fewer cells.
func (c Cell) Rings(distance int) [][]Cell {
	if rings, ok := c.regular(distance); ok {
		return rings
	}
	rings, known := [][]Cell{{c}}, map[Cell]bool{c: true}
	for range distance {
		var ring []Cell
		for _, x := range rings[len(rings)-1] {
			for _, d := range sides {
				if n, _, ok := x.neighbor(d, 0); ok && !known[n] {
					known[n] = true
					ring = append(ring, n)
				}
			}
		}
		rings = append(rings, ring)
	}
	return rings
}

// regular walks around the rings; it gives up when it meets a pentagon.
func (c Cell) regular(distance int) ([][]Cell, bool) {
	rings, turns := [][]Cell{{c}}, 0
	if c.Pentagon() {
		return nil, false
	}
	for k := 1; k <= distance; k++ {
		ok := false
		if c, turns, ok = c.neighbor(4, turns); !ok || c.Pentagon() {
			return nil, false
		}
		ring := make([]Cell, 0, 6*k)
		for _, d := range sides {
			for range k {
				if c, turns, ok = c.neighbor(d, turns); !ok || c.Pentagon() {
					return nil, false
				}
				ring = append(ring, c)
			}
		}
		rings = append(rings, ring)
	}
	return rings, true
}
