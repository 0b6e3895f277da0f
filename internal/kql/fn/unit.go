package fn

import (
	"math"

	"github.com/azptu/azptu/internal/kql/value"
)

// Units of measure by their size in the first unit of each kind.
var (
	lengths  = map[string]float64{"Meter": 1, "Kilometer": 1000, "Centimeter": 0.01, "Millimeter": 1e-3, "Micrometer": 1e-6, "Nanometer": 1e-9, "Decimeter": 0.1, "Foot": 0.3048, "Inch": 0.0254, "Yard": 0.9144, "Mile": 1609.344, "NauticalMile": 1852, "Hectometer": 100, "Angstrom": 1e-10, "Microinch": 2.54e-8, "Mil": 2.54e-5, "Fathom": 1.8288, "LightYear": 9.46073047258e15, "AstronomicalUnit": 1.4959787070e11, "Chain": 20.1168, "Hand": 0.1016}
	masses   = map[string]float64{"Kilogram": 1, "Gram": 1e-3, "Milligram": 1e-6, "Microgram": 1e-9, "Nanogram": 1e-12, "Tonne": 1000, "Kilotonne": 1e6, "Megatonne": 1e9, "Pound": 0.45359237, "Ounce": 0.028349523125, "Stone": 0.45359237 * 14, "ShortTon": 907.18474, "LongTon": 1016.0469088, "Grain": 6.479891e-5, "Slug": 14.593903, "Centigram": 1e-5, "Decigram": 1e-4, "Decagram": 0.01, "Hectogram": 0.1, "Kilopound": 453.59237, "Megapound": 453592.37, "LongHundredweight": 50.80234544, "ShortHundredweight": 45.359237}
	volumes  = map[string]float64{"CubicMeter": 1, "Liter": 1e-3, "Milliliter": 1e-6, "Microliter": 1e-9, "Centiliter": 1e-5, "Deciliter": 1e-4, "Hectoliter": 0.1, "Kiloliter": 1, "CubicCentimeter": 1e-6, "CubicDecimeter": 1e-3, "CubicMillimeter": 1e-9, "CubicKilometer": 1e9, "CubicInch": 1.6387064e-5, "CubicFoot": 0.028316846592, "CubicYard": 0.764554857984, "CubicMile": 4.168181825440579584e9, "UsGallon": 0.003785411784, "ImperialGallon": 0.00454609, "UsOunce": 2.95735295625e-5, "ImperialOunce": 2.84130625e-5, "UsQuart": 9.46352946e-4, "UsPint": 4.73176473e-4, "OilBarrel": 0.158987294928}
	speeds   = map[string]float64{"MeterPerSecond": 1, "KilometerPerHour": 1 / 3.6, "MilePerHour": 0.44704, "Knot": 1852.0 / 3600, "FootPerSecond": 0.3048, "KilometerPerSecond": 1000, "CentimeterPerSecond": 0.01, "InchPerSecond": 0.0254, "YardPerSecond": 0.9144, "MeterPerMinute": 1.0 / 60, "MeterPerHour": 1.0 / 3600, "KilometerPerMinute": 1000.0 / 60, "FootPerMinute": 0.3048 / 60, "FootPerHour": 0.3048 / 3600}
	energies = map[string]float64{"Joule": 1, "Kilojoule": 1000, "Megajoule": 1e6, "Gigajoule": 1e9, "Calorie": 4.184, "Kilocalorie": 4184, "WattHour": 3600, "KilowattHour": 3.6e6, "MegawattHour": 3.6e9, "GigawattHour": 3.6e12, "BritishThermalUnit": 1055.05585262, "ElectronVolt": 1.602176565e-19, "FootPound": 1.355817948, "Erg": 1e-7, "ThermUs": 1.054804e8, "HorsepowerHour": 2.6845195377e6}
	forces   = map[string]float64{"Newton": 1, "Kilonewton": 1000, "Meganewton": 1e6, "Millinewton": 1e-3, "Micronewton": 1e-6, "Dyn": 1e-5, "KilogramForce": 9.80665, "KiloPond": 9.80665, "PoundForce": 4.4482216152605, "OunceForce": 0.2780138509537812, "Poundal": 0.138254954376, "TonneForce": 9806.65, "Decanewton": 10}
	angles   = map[string]float64{"Degree": 1, "Radian": 180 / math.Pi, "Gradian": 0.9, "Arcminute": 1.0 / 60, "Arcsecond": 1.0 / 3600, "Revolution": 360, "Milliradian": 0.18 / math.Pi, "Microradian": 0.00018 / math.Pi, "Millidegree": 1e-3, "Microdegree": 1e-6, "Nanodegree": 1e-9, "Deciradian": 18 / math.Pi, "Centiradian": 1.8 / math.Pi, "NatoMil": 360.0 / 6400}
)

func convertUnits(units map[string]float64) Func {
	return Func{Row: func(_ *Context, a []value.Value) value.Value {
		from, ok1 := units[a[1].S]
		to, ok2 := units[a[2].S]
		if !ok1 || !ok2 {
			return null(value.Real)
		}
		return value.OfReal(a[0].F * from / to)
	}}
}

var unitFuncs = func() group {
	return group{
		"convert_length": convertUnits(lengths), "convert_mass": convertUnits(masses), "convert_volume": convertUnits(volumes), "convert_speed": convertUnits(speeds),
		"convert_energy": convertUnits(energies), "convert_force": convertUnits(forces), "convert_angle": convertUnits(angles),
		"convert_temperature": {Row: convertTemperature},
	}
}

// scales give a temperature scale's degrees in kelvin and its zero in kelvin.
var scales = map[string][2]float64{"Kelvin": {1, 0}, "DegreeCelsius": {1, 273.15}, "DegreeFahrenheit": {5.0 / 9, 459.67 * 5 / 9}, "DegreeRankine": {5.0 / 9, 0}, "DegreeReaumur": {1.25, 273.15}, "DegreeDelisle": {-2.0 / 3, 373.15}, "DegreeNewton": {100.0 / 33, 273.15}, "DegreeRoemer": {40.0 / 21, 273.15 - 7.5*40/21}}

func convertTemperature(_ *Context, a []value.Value) value.Value {
	from, ok1 := scales[a[1].S]
	to, ok2 := scales[a[2].S]
	if !ok1 || !ok2 {
		return null(value.Real)
	}
	return value.OfReal((a[0].F*from[0] + from[1] - to[1]) / to[0])
}
