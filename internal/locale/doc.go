// Package locale says things in the user's language: English, Brazilian
// Portuguese or Spanish. Texts live in messages/<area>.<language>.json, one
// file per area, and are read only when a key of that area is first asked
// for, so that a command pays for the words it speaks. A Printer looks a key
// up in the user's own texts, then in the built-in ones of its language, then
// in English, fills in the placeholders and picks the plural form. It also
// writes numbers, money and dates the way its language does.
package locale
