# Texte der Übersicht.

## Die Seite

board = Übersicht
board-document = Adit – Übersicht
board-pages = Seiten
board-to-page = In diesem Browser rechnen
board-to-stats = Statistik
board-asking = Der Koordinator wird gefragt …
board-away = Der Koordinator antwortet nicht. Er wird alle zwei Sekunden wieder gefragt.
board-unreachable = Der Koordinator hat nicht geantwortet: Die Verbindung ist abgerissen. Versuchen Sie es noch einmal.
board-refused = Der Koordinator hat mit { $status } geantwortet und keinen Grund genannt.
board-stop = Abbrechen
board-none = Noch keine.
board-operations = { $quantity } Operationen
board-rate = { $quantity } Op/s
board-nnet = { $amount } NNET
board-version = Adit { $version }, in Betrieb seit { $uptime }.
board-key = Schlüssel des Koordinators

## Das Token des Betreibers

token-title = Betrieb
token = Token des Betreibers
token-use = Token verwenden
token-note =
    Damit erteilen Sie Aufträge, brechen sie ab und sehen, wer rechnet. Es steht in admin.token im Datenordner des
    Koordinators und bleibt in diesem Tab, bis Sie ihn schließen.
token-unknown = Der Koordinator kennt dieses Token nicht.
token-forget = Token vergessen

## Was den Betreiber braucht

attention = Braucht Sie
attention-none = Nichts braucht Sie.
attention-none-seen = Nichts Öffentliches braucht Sie. Mit dem Token des Betreibers stehen hier auch Rechner, die Fehler machen.
attention-count =
    { $count ->
        [one] Eines braucht Sie
       *[other] { $count } Dinge brauchen Sie
    }
attention-ledger = Das Hauptbuch geht nicht auf
attention-ledger-advice = Zahlen Sie nichts mehr aus, und sehen Sie nach.
attention-writes = Die Datenbank nimmt nichts mehr an
attention-disk = Der Speicher ist fast voll: { $used } von { $most }
attention-disk-full = Der Speicher ist voll: { $used } von { $most }. Dateien und Aufträge werden abgelehnt
attention-disk-advice = Geben Sie ihm mehr Platz, oder warten Sie, bis Ergebnisse nach einer Woche gehen.
attention-clock = Die Uhr des Koordinators sprang um { $step }
attention-clock-advice = Nichts ist verloren; prüfen Sie den Zeitdienst der Maschine.
attention-stuck =
    { $count ->
        [one] Auftrag { $jobs } wartet
       *[other] { $count } Aufträge warten, darunter { $jobs }
    }
attention-wrong =
    { $miner } lieferte { $wrong ->
        [one] ein falsches Ergebnis
       *[other] { $wrong } falsche Ergebnisse
    } und { $right } richtige
attention-expiring =
    { $miner } ließ { $expired } Pachten ablaufen und lieferte { $right ->
        [one] ein richtiges Ergebnis
       *[other] { $right } richtige Ergebnisse
    }

## Zahlen

tile-rate = Geprüft
tile-rate-note = { $quantity } Operationen bisher
tile-jobs = Laufende Aufträge
tile-jobs-note = von { $count }
tile-sessions = Rechnen jetzt
tile-sessions-note =
    { $count ->
        [one] eine Einheit verpachtet
       *[other] { $count } Einheiten verpachtet
    }
tile-epoch = Nächste Zahlung
tile-epoch-note = Epoche { $epoch } zahlt höchstens { $budget } NNET
tile-value = Bisher verdient
tile-value-note = NNET in dieser Epoche
tile-store = Speicher
tile-store-note = von { $most }

## Aufträge

jobs = Aufträge
jobs-active = Laufen: { $count }
jobs-no-active = Keiner. Was Sie in Auftrag geben, steht hier.
jobs-more-active = Nur die neuesten { $count } sind zu sehen.
jobs-ended = Beendet
job-unnamed = Ohne Namen
job-demo = Vorführung
job-kind-name =
    { $kind ->
        [matmul_i8] Produkt ganzzahliger Matrizen
        [matmul_f32] Produkt von Gleitkommamatrizen
        [mlp_i8] Klassifikation
        [gradient_i8] Gradient
       *[hash_tree] Hashes eines Datensatzes
    }
job-progress = Auftrag { $job }
job-panels = { $done } von { $panels } Teilen
job-state-name =
    { $state ->
        [active] läuft
        [done] fertig
       *[cancelled] abgebrochen
    }
job-waits = wartet
job-for = für { $requester }
job-open-source = offen für alle
job-refused =
    { $count ->
        [one] ein falsches Ergebnis
       *[other] { $count } falsche Ergebnisse
    }
job-open = Öffnen
job-close = Schließen
job-state = Zustand
job-kind = Art
job-work = Umfang
job-rows = Zeilen
job-payer = Bezahlt von
job-payer-operator = dem Betreiber
job-payer-escrow = der Hinterlegung des Auftraggebers
job-spent = Ausgegeben
job-panels-picture = { $panels } Teile: { $done } geprüft, { $leased } verpachtet, { $waiting } warten
job-panels-done = { $count } geprüft
job-panels-leased = { $count } verpachtet
job-panels-waiting =
    { $count ->
        [one] { $count } wartet
       *[other] { $count } warten
    }
job-panels-left = { $count } nicht berechnet
job-panels-wrong =
    { $count ->
        [one] ein falsches Ergebnis, neu berechnet
       *[other] { $count } falsche Ergebnisse, neu berechnet
    }
job-panels-expired =
    { $count ->
        [one] eine Pacht abgelaufen
       *[other] { $count } Pachten abgelaufen
    }
job-download =
    { $size ->
        [none] Ergebnis herunterladen
       *[other] Ergebnis herunterladen ({ $size })
    }
job-result-progress = Herunterladen
job-result-needs-token = Das Ergebnis bekommt, wer das Token des Betreibers hat.
job-cancel = Auftrag abbrechen
job-cancel-sure = Endgültig abbrechen? Was geprüft ist, bleibt bezahlt.
job-cancel-yes = Ja, abbrechen
job-cancel-no = Behalten
pages = Seiten der Liste
pages-back = Neuere
pages-page = Seite { $page }
pages-forward = Ältere

## Aufträge erteilen

submit = Auftrag erteilen
submit-drop = Dateien hierher ziehen oder auswählen
submit-unfold = Oder zuerst die Art der Arbeit wählen
submit-drop-note = Sie werden sofort gelesen und verraten die Art der Arbeit. Wer rechnet, sieht seine Daten.
submit-unused =
    { $count ->
        [one] { $files } gehört nicht zu dieser Art von Arbeit und wurde weggelassen.
       *[other] { $files } gehören nicht zu dieser Art von Arbeit und wurden weggelassen.
    }
submit-kind = Art der Arbeit
submit-work =
    { $work ->
        [matmul] Ganzzahlige Matrizen multiplizieren
        [floats] Gleitkommamatrizen multiplizieren
        [infer] Stichproben klassifizieren
        [fraud] Betrug erkennen
        [gradient] Gradienten berechnen
        [validate] Datensatz hashen und summieren
        [audit] Datensatz an einem Gateway prüfen
       *[protect] Log dieses Koordinators hashen
    }
submit-work-note =
    { $work ->
        [matmul] C = A · B, genau bis aufs letzte Bit.
        [floats] C ≈ A · B in float32, geprüft bis auf die Rundung.
        [infer] Ein quantisiertes Perzeptron gibt jeder Stichprobe ihre Klasse.
        [fraud] Klassifikation von Buchungen: Klasse 1 ist Betrug.
        [gradient] Summiert den Gradienten eines quantisierten Perzeptrons über Stichproben: für einen Schritt des Trainings.
        [validate] Ein Bericht mit einem Hash jedes Teils; die Spalten einer Tabelle werden gezählt und summiert.
        [audit] Ob Blöcke an einem Gateway vorhanden und unversehrt sind.
       *[protect] Hasht Quittungen, damit niemand sie unbemerkt ändert.
    }
submit-role =
    { $role ->
        [left] Linke Matrix A
        [right] Rechte Matrix B
        [model] Modell
        [samples] Stichproben
        [targets] Gewünschte Ausgaben
        [set] Datensatz
       *[blocks] Liste der Blöcke
    }
submit-wanted =
    { $role ->
        [left] { $floats ->
            [yes] .npy mit float32, höchstens 4096 Spalten
           *[no] .npy mit ganzen Zahlen von −128 bis 127
        }
        [right] { $floats ->
            [yes] .npy mit float32
           *[no] .npy mit ganzen Zahlen von −128 bis 127
        }
        [model] .safetensors
        [samples] .csv oder .npy mit ganzen Zahlen von 0 bis 127, je eine Zeile
        [targets] .npy oder .csv, eine Zeile je Stichprobe
        [set] jede Datei
       *[blocks] .csv mit den Spalten cid und bytes
    }
submit-choose = Auswählen …
submit-choose-another = Andere …
submit-choose-for =
    { $role ->
        [left] Linke Matrix auswählen
        [right] Rechte Matrix auswählen
        [model] Modell auswählen
        [samples] Stichproben auswählen
        [targets] Gewünschte Ausgaben auswählen
        [set] Datensatz auswählen
       *[blocks] Liste der Blöcke auswählen
    }
submit-remove = Entfernen
submit-sending = { $name } wird gesendet
submit-reading = wird gelesen …
submit-stopped = Sie haben das Senden abgebrochen.
submit-again = Noch einmal senden
submit-matrix = { $rows } × { $columns } ganze Zahlen
submit-floats = { $rows } × { $columns } Gleitkommazahlen
submit-samples =
    { $rows ->
        [one] eine Stichprobe
       *[other] { $rows } Stichproben
    } mit { $columns ->
        [one] einem Wert
       *[other] { $columns } Werten
    }
submit-model =
    { $layers ->
        [one] eine Schicht
       *[other] { $layers } Schichten
    }: { $dims }
submit-data = { $size } Daten
submit-table =
    { $size } mit { $columns ->
        [one] einer Spalte
       *[other] { $columns } Spalten
    }
submit-blocks =
    { $blocks ->
        [one] ein Block
       *[other] { $blocks } Blöcke
    }, zusammen { $size }
submit-read-as = Gelesen als { $reading }
submit-read-differently = Anders lesen
submit-decide = wie die Datei es zeigt
submit-header = Erste Zeile
submit-header-yes = enthält Namen
submit-header-no = enthält Werte
submit-delimiter = Zwischen Zellen
submit-delimiter-comma = Komma
submit-delimiter-semicolon = Semikolon
submit-delimiter-tab = Tabulator
submit-delimiter-pipe = senkrechter Strich
submit-encoding = Kodierung
submit-decimal = Dezimalzeichen
submit-decimal-point = Punkt
submit-decimal-comma = Komma
submit-source = Adresse des Gateways
submit-first = Erster Eintrag im Log
submit-count = Zahl der Einträge
submit-name = Name, den alle sehen, die rechnen
submit-requester = Für wen
submit-description = Wozu, in einer Zeile
submit-link = Eine Seite, auf der mehr steht
submit-open-source = Was berechnet wird, und das Ergebnis, ist offen für alle
submit-priority = Neben anderen Aufträgen
submit-priority-name =
    { $priority ->
        [low] kann er warten
        [high] ist er dringend
       *[normal] kommt er der Reihe nach
    }
submit-budget = Aus eigener Hinterlegung, NNET
submit-budget-none = leer: Der Betreiber zahlt
submit-demo = Vorführung: verpachten, auch wenn Prüfen so viel kostet wie Rechnen
submit-price = Preis, höchstens
submit-time = Dauer, etwa
submit-time-unknown = je nach Andrang
submit-size = Umfang
submit-panels = Teile
submit-output = Zu senden
submit-asking = Der Preis wird erfragt …
submit-price-later = Preis und Dauer stehen hier, sobald die Dateien gelesen sind.
submit-go = Auftrag erteilen
submit-incomplete = Es fehlen Dateien.

## Suchen

find = Suchen
find-label = Nummer eines Auftrags, Beitragende, Schlüssel, Pacht oder CID einer Einheit
find-clear = Leeren
find-searching = Wird gesucht …
find-nothing = Der Koordinator kennt nichts, das so heißt.
find-job =
    { $named ->
        [yes] Auftrag { $job }, { $name }
       *[no] Auftrag { $job }
    }
find-key = Schlüssel eines Rechners
find-lease = Eine Pacht mit ihrer Quittung
find-unit = Eine Einheit
find-block = Ein Block der Eingabe
find-contributor = Beitragende { $id }
find-contributor-name = Beitragende
find-units = Geprüfte Einheiten
find-units-of = { $valid } richtig, { $wrong } falsch
find-pending = Ausstehend
find-posted = Bezahlt
find-confidence = Vertrauen
find-encoding = Kodierung
find-size = Größe
find-mines = rechnet jetzt
find-rests = rechnet jetzt nicht
find-time = Zeit in Sitzungen
find-wallet = Zahlt an
find-unit-cid = Einheit

## Verlauf, Rechner, Geld, Quittungen

activity = Verlauf
activity-last = Letzte
activity-minutes =
    { $count ->
        [one] 1 Minute
       *[other] { $count } Minuten
    }
activity-rate = Geprüfte Operationen je Sekunde
activity-rate-description = Verlauf der geprüften Rate, jetzt { $quantity } je Sekunde.
activity-outputs = Ergebnisse in { $duration }
activity-outputs-description = Verlauf der Urteile: { $valid } richtig, { $invalid } falsch, { $rest } andere.
activity-valid = richtig
activity-invalid = falsch
activity-others = andere
miners = Rechner
miners-none = Zuletzt hat sich keiner gemeldet.
miner = Rechner
miner-rate = Rate
miner-seen = Gesehen
miner-ago = vor { $duration }
miner-verified = Richtig
miner-refused = Falsch
miner-expired = Abgelaufen
miner-leases = Pachten
ledger = Hauptbuch
ledger-balanced = ✓ Ausgeglichen
ledger-unbalanced = ✗ Nicht ausgeglichen: nichts auszahlen und nachsehen
ledger-transfers =
    { $count ->
        [one] eine Buchung
       *[other] { $count } Buchungen
    }
ledger-audited = vor { $ago } geprüft
ledger-not-audited = noch nicht geprüft
ledger-kind =
    { $kind ->
        [issuance] Ausgegeben
        [requester] Auftraggeber
        [escrow] Hinterlegungen für Aufträge
        [miner] Rechner
        [budget] Budget
       *[other] Andere
    }
ledger-account = Art des Kontos
ledger-accounts = Konten
verdicts = Urteile
verdicts-verdict = Urteil
verdicts-outputs = Ergebnisse
verdicts-valid = Richtig
verdicts-invalid = Falsch
verdicts-inconclusive = Unentschieden
verdicts-late = Zu spät
verdicts-expired = Abgelaufene Pachten
epochs = Epochen
epochs-epoch = Epoche
epochs-opened = Begonnen
epochs-closed = Beendet
epochs-open = läuft
epochs-budget = Budget
epochs-value = Wert
epochs-paid = Bezahlt
epochs-carried = Übertrag
board-receipts = Neueste Quittungen
receipt-log = Log
receipt-at = Zeit
receipt-verdict = Urteil
receipt-verdict-name =
    { $verdict ->
        [valid] richtig
        [invalid] falsch
        [inconclusive] unentschieden
       *[too_late] zu spät
    }
receipt-miner = Rechner
receipt-output = Ergebnis
receipt-value = NNET
receipt-bits = Bits an Gewissheit

## Statistik

stats = Statistik
stats-document = Adit – Statistik
stats-away = Der Koordinator antwortet nicht. Er wird alle fünf Sekunden wieder gefragt.
stats-jobs = Aufträge jetzt
stats-no-jobs = Keine. Wer rechnet, wartet auf den nächsten.
stats-all = Geprüft bisher
stats-sessions = Browser und Programme
stats-today = Heute geprüft
stats-of-units =
    { $count ->
        [one] Operationen in einer Einheit
       *[other] Operationen in { $count } Einheiten
    }
stats-work = Geprüfte Arbeit je Tag
stats-work-description = Verlauf der Arbeit, die an jedem der letzten 30 Tage geprüft wurde.
stats-no-leaders = Noch niemand hat einen Namen gewählt.
stats-operations = Operationen
stats-last = Letzte Quittung
stats-leaders = Am meisten geprüfte Arbeit
stats-place = Platz
stats-note = Nur geprüfte Arbeit zählt, und niemand steigt durch Behauptungen auf. Diese Seite kennt keine Namen außer den selbst gewählten.
