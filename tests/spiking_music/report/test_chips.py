from spiking_music.report.chips import chip_figures, chip_rows, figure_rows


def test_every_figure_of_every_chip_has_evidence_and_a_source() -> None:
    for row in chip_rows():
        figures = chip_figures(row["name"])
        assert len(figure_rows(figures)) == len(figures)
        assert figures
        assert all(figure["evidence"] and figure["source"] for figure in figures)
