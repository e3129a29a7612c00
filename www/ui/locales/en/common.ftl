# Messages of every page.

language = Language
theme-auto = Theme: as the device
theme-light = Theme: light
theme-dark = Theme: dark
