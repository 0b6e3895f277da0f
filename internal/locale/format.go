package locale

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Number writes a whole number with the thousands grouped: 12,345 in English,
// 12.345 in Portuguese and Spanish. Spanish leaves four digits together.
func (p *Printer) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	return sign + p.group(digits)
}

// Decimal writes f with the given number of decimals; with fewer than 0, as
// many as f needs. What is not a number is written as "–".
func (p *Printer) Decimal(f float64, decimals int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	text := strconv.FormatFloat(math.Abs(f), 'f', decimals, 64)
	whole, fraction, found := strings.Cut(text, ".")
	text = p.group(whole)
	if found {
		text += p.point() + fraction
	}
	if f < 0 && strings.Trim(text, "0.,") != "" {
		text = "-" + text
	}
	return text
}

// Percent writes a share of one: Percent(0.125, 1) is "12.5%" in English,
// "12,5%" in Portuguese, "12,5 %" in Spanish.
func (p *Printer) Percent(share float64, decimals int) string {
	if p.lang == Spanish {
		return p.Decimal(share*100, decimals) + " %"
	}
	return p.Decimal(share*100, decimals) + "%"
}

// Money writes an amount with two decimals in a currency given by its ISO 4217
// code: "$1,234.50", "US$ 1.234,50", "1234,50 US$".
func (p *Printer) Money(amount float64, currency string) string {
	return p.MoneyDigits(amount, currency, 2)
}

// MoneyDigits is Money with another number of decimals, for unit prices.
func (p *Printer) MoneyDigits(amount float64, currency string, decimals int) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	number, symbol := p.Decimal(amount, decimals), p.symbol(currency)
	switch p.lang {
	case Portuguese:
		return sign + symbol + " " + number
	case Spanish:
		return sign + number + " " + symbol
	}
	if symbol == currency { // a bare code is set apart
		return sign + symbol + " " + number
	}
	return sign + symbol + number
}

// Date writes the day: "Nov 22, 2026", "22 de nov. de 2026", "22 nov 2026".
func (p *Printer) Date(t time.Time) string {
	month, day, year := int(t.Month())-1, strconv.Itoa(t.Day()), strconv.Itoa(t.Year())
	switch p.lang {
	case Portuguese:
		return day + " de " + monthsPortuguese[month] + " de " + year
	case Spanish:
		return day + " " + monthsSpanish[month] + " " + year
	}
	return t.Format("Jan 2, 2006")
}

// DateTime writes the day and the time of day to the minute, in t's zone.
func (p *Printer) DateTime(t time.Time) string {
	return p.Date(t) + ", " + t.Format("15:04 MST")
}

var (
	monthsPortuguese = [...]string{"jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."}
	monthsSpanish    = [...]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"}
)

func (p *Printer) point() string {
	if p.lang == English {
		return "."
	}
	return ","
}

func (p *Printer) group(digits string) string {
	separator := "."
	if p.lang == English {
		separator = ","
	}
	if p.lang == Spanish && len(digits) <= 4 {
		return digits
	}
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// symbol names a currency as readers of p's language know it; a currency not
// listed keeps its code.
func (p *Printer) symbol(currency string) string {
	switch {
	case currency == "USD" && p.lang == English:
		return "$"
	case currency == "USD":
		return "US$"
	case currency == "EUR":
		return "€"
	case currency == "GBP":
		return "£"
	case currency == "BRL":
		return "R$"
	}
	return currency
}
