// Prints the table of kbuild/fields/regexp_scripts.py: the ranges of every script of Unicode.
package main

import (
	"fmt"
	"sort"
	"unicode"
)

func show(name string, table *unicode.RangeTable) {
	fmt.Print(name)
	first, last := rune(-2), rune(-2)
	flush := func() {
		if first == last && first >= 0 {
			fmt.Printf(" %x", first)
		} else if first >= 0 {
			fmt.Printf(" %x-%x", first, last)
		}
	}
	add := func(from, to, step rune) {
		for char := from; char <= to; char += step {
			if char != last+1 {
				flush()
				first = char
			}
			last = char
		}
	}
	for _, part := range table.R16 {
		add(rune(part.Lo), rune(part.Hi), rune(part.Stride))
	}
	for _, part := range table.R32 {
		add(rune(part.Lo), rune(part.Hi), rune(part.Stride))
	}
	flush()
	fmt.Println()
}

func main() {
	names := make([]string, 0, len(unicode.Scripts))
	for name := range unicode.Scripts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		show(name, unicode.Scripts[name])
	}
}
