# Was die Erweiterung sagt.

options = Optionen
options-title = Adit: Optionen
looking = Das Programm wird gesucht …
mines-for =
    { $others ->
        [0] Für { $host }.
        [one] Für { $host }; ein anderer springt ein, solange er fehlt.
       *[other] Für { $host }; { $others } andere springen ein, solange er fehlt.
    } Ihr Schlüssel bleibt in dieser Erweiterung.
wish-lost = Der Browser behält diese Wahl nicht: { $why }
extension-storage-lost =
    Dieser Browser behält nichts für diese Erweiterung. Sie können trotzdem schürfen, aber Ihr Schlüssel endet mit ihr:
    Speichern Sie zuerst in den Optionen eine Kopie des Schlüssels.

## Der Knopf

badge-on = an
badge-title = Adit: { $state }

## Einwilligung

consent-title = Bevor etwas läuft
consent-what = Was läuft
consent-what-text =
    Teile echter Aufträge: Matrixprodukte, Inferenz, Trainingsschritte, Hashes. Im Hintergrund, ohne offenen Tab, und nach
    einem Neustart des Browsers wieder.
consent-much = Wie viel
consent-much-text =
    { $lanes ->
        [one] Einer von { $cores } Kernen
       *[other] { $lanes } von { $cores } Kernen
    }{ $gpu ->
        [yes] , dazu die Grafikkarte, wenn sie schneller ist.
       *[no] .
    } Sie können das jederzeit ändern und Zeiten festlegen.
consent-whom = Für wen
consent-whom-text =
    Für den Koordinator, den Sie unten nennen, und die, deren Aufträge er verteilt. Er bezahlt geprüfte Arbeit.
consent-cost = Was es kostet
consent-cost-text =
    Strom, Wärme, bis zu etwa { $memory } Arbeitsspeicher und Daten: Ein Auftrag kann einige zehn Megabyte brauchen. Im
    Akkubetrieb pausiert es.
consent-stop = Wie es endet
consent-stop-text =
    Drücken Sie in diesem Fenster auf Stopp: Das gilt sofort und auch nach einem Neustart. Oder entfernen Sie die
    Erweiterung.
consent-agree = Einwilligen und starten
consent-decline = Jetzt nicht
coordinator-address = Adresse des Koordinators
coordinator-wrong = Das ist keine Adresse eines Koordinators: Sie beginnt mit https:// oder http://.

## Optionen

coordinators = Koordinatoren
coordinators-text = Der erste, der antwortet, bekommt Ihre Arbeit. Solange er fehlt, wird der nächste gefragt.
coordinator-add = Hinzufügen
coordinator-now = bekommt gerade Ihre Arbeit
coordinator-first = An die Spitze
coordinator-first-of = { $host } an die Spitze
coordinator-remove = Entfernen
coordinator-remove-of = { $host } entfernen
admit-text = Ein Koordinator auf Ihrem eigenen Rechner lässt diese Erweiterung ein, wenn er so gestartet wird:
admit-hint = Wenn dieser Koordinator läuft, lässt er diese Erweiterung vielleicht noch nicht ein. Starten Sie ihn so:
extension-key =
    Verdienste gehören zu einem Schlüssel, den diese Erweiterung beim ersten Start erzeugt und versiegelt aufbewahrt. Keine
    Website erreicht ihn. Wer die Erweiterung entfernt, löscht ihn: Behalten Sie eine Kopie.
withdraw-title = Ihre Einwilligung
withdraw-text = Ohne sie läuft nichts. Sie werden wieder gefragt, bevor etwas läuft. Einstellungen und Schlüssel bleiben.
withdraw = Zurücknehmen
