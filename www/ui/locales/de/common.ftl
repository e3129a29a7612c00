# Texte aller Seiten.

language = Sprache
theme-auto = Farben: wie das Gerät
theme-light = Farben: hell
theme-dark = Farben: dunkel
