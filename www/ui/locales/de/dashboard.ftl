# Texte der Übersicht.
