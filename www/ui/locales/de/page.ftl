# Texte der Seite, die schürft.

## Die Seite

headline = Nützliche Arbeit, geschürft in diesem Tab
lead =
    Adit leiht die freie Zeit Ihres Geräts an echte Aufträge, etwa Matrixprodukte und Inferenz. Jedes Ergebnis wird
    geprüft, und was stimmt, wird bezahlt.
lead-consent = Nichts läuft, bevor Sie auf Start drücken.
how = So geht es
how-decide = Sie entscheiden
how-decide-text = Start, Stopp und wie viel gearbeitet wird. Im Akkubetrieb ruht es, und wann immer Sie es wollen.
how-jobs = Echte Aufträge
how-jobs-text = Kleine Teile eines Auftrags laufen abgeschottet in diesem Tab. Ihre Dateien bleiben unerreichbar.
how-paid = Erst geprüft, dann bezahlt
how-paid-text = Zu jedem Ergebnis gibt es eine signierte Quittung, die Sie gleich hier prüfen können.
footer = Freie Software. Ihr Schlüssel bleibt in diesem Browser; Ergebnisse gehen an { $host } und nirgendwohin sonst.
to-dashboard = Übersicht für Betreiber
history = Ihr Verlauf und Ihr Verdienst nach Tagen
rate-chart = Geprüfte Operationen je Sekunde
rate-chart-description = Diagramm der geprüften Leistung. Die Zahl darüber sagt dasselbe.
rate-series = Leistung
document-idle = Adit
document-mining = { $rate }/s – Adit
document-paused = pausiert – Adit
