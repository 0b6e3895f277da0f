package fn

import (
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/azptu/azptu/internal/kql/value"
)

// Units of measure by their size in the first unit of each kind, as the unit's definition
// has it. Where Kusto's manual shows a rounder figure (the acre-foot) that is taken.
const (
	lengthUnits = `Meter 1 Kilometer 1000 Hectometer 100 Decameter 10 Decimeter 0.1 Centimeter 0.01 Millimeter 1e-3 Micrometer 1e-6 Nanometer 1e-9 Angstrom 1e-10
Foot 0.3048 UsSurveyFoot 1200/3937 Inch 0.0254 Microinch 2.54e-8 Mil 2.54e-5 Yard 0.9144 Chain 20.1168 Fathom 1.8288 Hand 0.1016 Shackle 27.432
Mile 1609.344 NauticalMile 1852 DataMile 1828.8 DtpPica 0.0254/6 DtpPoint 0.0254/72 PrinterPica 1/237.106301584 PrinterPoint 0.0254/72.27 Twip 0.0254/1440
AstronomicalUnit 1.4959787070e11 LightYear 9.46073047258e15 KilolightYear 9.46073047258e18 MegalightYear 9.46073047258e21
Parsec 3.08567758128e16 Kiloparsec 3.08567758128e19 Megaparsec 3.08567758128e22 SolarRadius 6.9551e8`
	massUnits = `Kilogram 1 Gram 1e-3 Decagram 0.01 Hectogram 0.1 Decigram 1e-4 Centigram 1e-5 Milligram 1e-6 Microgram 1e-9 Nanogram 1e-12
Tonne 1000 Kilotonne 1e6 Megatonne 1e9 Pound 0.45359237 Kilopound 453.59237 Megapound 453592.37 Ounce 0.028349523125 Grain 6.479891e-5 Stone 6.35029318 Slug 14.593903
ShortTon 907.18474 LongTon 1016.0469088 ShortHundredweight 45.359237 LongHundredweight 50.80234544 EarthMass 5.9722e24 SolarMass 1.98947e30`
	volumeUnits = `CubicMeter 1 HectocubicMeter 100 KilocubicMeter 1000 CubicDecimeter 1e-3 CubicCentimeter 1e-6 CubicMillimeter 1e-9 CubicMicrometer 1e-18 CubicHectometer 1e6 CubicKilometer 1e9
Liter 1e-3 Megaliter 1000 Kiloliter 1 Hectoliter 0.1 Decaliter 0.01 Deciliter 1e-4 Centiliter 1e-5 Milliliter 1e-6 Microliter 1e-9
CubicInch 1.6387064e-5 CubicFoot 0.028316846592 HectocubicFoot 2.8316846592 KilocubicFoot 28.316846592 MegacubicFoot 28316.846592 CubicYard 0.764554857984 CubicMile 4.168181825440579584e9
BoardFoot 2.359737216e-3 AcreFoot 1/0.000810714 UsGallon 0.003785411784 DeciusGallon 0.0003785411784 DecausGallon 0.03785411784 HectousGallon 0.3785411784 KilousGallon 3.785411784 MegausGallon 3785.411784
UsQuart 9.46352946e-4 UsPint 4.73176473e-4 UsOunce 2.95735295625e-5 UsTablespoon 1.478676478125e-5 UsTeaspoon 4.92892159375e-6 UsCustomaryCup 2.365882365e-4 UsLegalCup 2.4e-4 UsBeerBarrel 0.117347765304
ImperialGallon 0.00454609 KiloimperialGallon 4.54609 MegaimperialGallon 4546.09 ImperialPint 5.6826125e-4 ImperialOunce 2.84130625e-5 ImperialBeerBarrel 0.16365924
MetricCup 2.5e-4 MetricTeaspoon 5e-6 AuTablespoon 2e-5 UkTablespoon 1.77581714e-5 OilBarrel 0.158987294928`
	energyUnits = `Joule 1 Millijoule 1e-3 Kilojoule 1000 Megajoule 1e6 Gigajoule 1e9 Calorie 4.184 Kilocalorie 4184 Megacalorie 4.184e6 Erg 1e-7 FootPound 1.3558179483314004 HorsepowerHour 2.6845195377e6
WattHour 3600 KilowattHour 3.6e6 MegawattHour 3.6e9 GigawattHour 3.6e12 TerawattHour 3.6e15 WattDay 86400 KilowattDay 8.64e7 MegawattDay 8.64e10 GigawattDay 8.64e13 TerawattDay 8.64e16
BritishThermalUnit 1055.05585262 KilobritishThermalUnit 1.05505585262e6 MegabritishThermalUnit 1.05505585262e9 GigabritishThermalUnit 1.05505585262e12
ThermEc 1.05505585262e8 ThermImperial 1.05505585257348e8 ThermUs 1.054804e8 DecathermEc 1.05505585262e9 DecathermImperial 1.05505585257348e9 DecathermUs 1.054804e9
ElectronVolt 1.602176565e-19 KiloelectronVolt 1.602176565e-16 MegaelectronVolt 1.602176565e-13 GigaelectronVolt 1.602176565e-10 TeraelectronVolt 1.602176565e-7`
	forceUnits = `Newton 1 Micronewton 1e-6 Millinewton 1e-3 Decanewton 10 Kilonewton 1000 Meganewton 1e6 Dyn 1e-5 KilogramForce 9.80665 KiloPond 9.80665 TonneForce 9806.65
PoundForce 4.4482216152605 KilopoundForce 4448.2216152605 OunceForce 0.27801385095378125 Poundal 0.138254954376 ShortTonForce 8896.443230521`
	angleUnits = `Degree 1 Millidegree 1e-3 Microdegree 1e-6 Nanodegree 1e-9 Arcminute 1/60 Arcsecond 1/3600 Gradian 0.9 Revolution 360 NatoMil 0.05625
Radian 57.295779513082323 Deciradian 5.7295779513082323 Centiradian 0.57295779513082323 Milliradian 0.057295779513082323 Microradian 5.7295779513082323e-5 Nanoradian 5.7295779513082323e-8`
	// Speeds are a length of these per hour, minute and second.
	speedUnits = `Meter 1 Kilometer 1000 Decimeter 0.1 Centimeter 0.01 Millimeter 1e-3 Micrometer 1e-6 Nanometer 1e-9 Foot 0.3048 UsSurveyFoot 1200/3937 Inch 0.0254 Yard 0.9144 Mile 1609.344`
)

// sizes reads a list of units; a size may be a fraction.
func sizes(list string) map[string]float64 {
	m := map[string]float64{}
	f := strings.Fields(list)
	for i := 0; i+1 < len(f); i += 2 {
		over, under, _ := strings.Cut(f[i+1]+"/1", "/")
		a, _ := strconv.ParseFloat(over, 64)
		b, _ := strconv.ParseFloat(strings.TrimSuffix(under, "/1"), 64)
		m[f[i]] = a / b
	}
	return m
}

func speeds() map[string]float64 {
	m := map[string]float64{"Knot": 1852.0 / 3600}
	for unit, size := range sizes(speedUnits) {
		m[unit+"PerSecond"], m[unit+"PerMinute"], m[unit+"PerHour"] = size, size/60, size/3600
	}
	return m
}

func convertUnits(units func() map[string]float64) Func {
	units = sync.OnceValue(units)
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		from, ok1 := units()[a[1].S]
		to, ok2 := units()[a[2].S]
		if !ok1 || !ok2 {
			return null(value.Real)
		}
		return value.OfReal(a[0].F * from / to)
	}}
}

func listed(list string) Func { return convertUnits(func() map[string]float64 { return sizes(list) }) }

var unitFuncs = func() group {
	return group{
		"convert_length": listed(lengthUnits), "convert_mass": listed(massUnits), "convert_volume": listed(volumeUnits), "convert_speed": convertUnits(speeds),
		"convert_energy": listed(energyUnits), "convert_force": listed(forceUnits), "convert_angle": {Row: convertAngle(listed(angleUnits).Row)},
		"convert_temperature": {Row: convertTemperature},
	}
}

// convertAngle knows beside the units that are multiples of each other the tilt, which is
// the sine of an angle.
func convertAngle(multiples Row) Row {
	const tilt = "Tilt"
	return func(c *Context, a []value.Value) value.Value {
		x, from, to := a[0], a[1], a[2]
		if from.S == tilt {
			x, from = value.OfReal(math.Asin(x.F)), value.OfString("Radian")
		}
		if to.S != tilt {
			return multiples(c, []value.Value{x, from, to})
		}
		v := multiples(c, []value.Value{x, from, value.OfString("Radian")})
		if v.Null {
			return v
		}
		return value.OfReal(math.Sin(v.F))
	}
}

// scaleOf gives a temperature scale's degrees in kelvin and its zero in kelvin.
func scaleOf(unit string) (degree, zero float64, ok bool) {
	switch unit {
	case "Kelvin":
		return 1, 0, true
	case "DegreeCelsius":
		return 1, 273.15, true
	case "MillidegreeCelsius":
		return 1e-3, 273.15, true
	case "DegreeFahrenheit":
		return 5.0 / 9, 459.67 * 5 / 9, true
	case "DegreeRankine":
		return 5.0 / 9, 0, true
	case "DegreeReaumur":
		return 1.25, 273.15, true
	case "DegreeDelisle":
		return -2.0 / 3, 373.15, true
	case "DegreeNewton":
		return 100.0 / 33, 273.15, true
	case "DegreeRoemer":
		return 40.0 / 21, 273.15 - 7.5*40/21, true
	case "SolarTemperature":
		return 5778, 0, true
	}
	return 0, 0, false
}

func convertTemperature(_ *Context, a []value.Value) value.Value {
	from, zero, ok1 := scaleOf(a[1].S)
	to, other, ok2 := scaleOf(a[2].S)
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	return value.OfReal((a[0].F*from + zero - other) / to)
}
