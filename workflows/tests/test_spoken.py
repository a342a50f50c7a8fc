"""Titles and companies in a sentence: as somebody would say them who knows the language."""

from __future__ import annotations

import pytest

from workflows.drafting import spoken


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Head of Operations", "Head of Operations"), ("CFO", "CFO"), ("Interim CFO",) * 2,
        ("Founder & CEO",) * 2, ("General Counsel",) * 2, ("Managing Partner",) * 2,
        ("Chief of Staff",) * 2, ("VP Engineering",) * 2, ("Professor of Statistics",) * 2,
        ("QA Lead",) * 2, ("Editor-in-Chief",) * 2, ("Head of IT/OT Security",) * 2,
        ("Owners", "Owners"), ("Managing Directors", "Managing Directors"),
        ("Data Scientist", "a Data Scientist"), ("Account Executive", "an Account Executive"),
        ("UX Designer", "a UX Designer"), ("HR Business Partner", "an HR Business Partner"),
        ("SAP Consultant", "an SAP Consultant"), ("IT Manager", "an IT Manager"),
        ("University Lecturer", "a University Lecturer"), ("Product Owner", "a Product Owner"),
        ("Assistant to the CEO", "an Assistant to the CEO"), ("Partner", "a Partner"),
        ("senior software engineer", "a senior software engineer"),
        ("Software Engineer II", "a Software Engineer II"),
        ("VP, Sales EMEA", "VP for Sales EMEA"),
        ("Vice President - Strategy", "Vice President for Strategy"),
        ("Director, Legal & Compliance", "Director for Legal & Compliance"),
        ("Regional Sales Manager, DACH (Food & Beverage)", "a Regional Sales Manager"),
        ("Geschäftsführer", "Geschäftsführer"), ("Leiterin Einkauf", "Leiterin Einkauf"),
        ("Directeur Commercial",) * 2, ("Responsable RH",) * 2, ("Inhaberin",) * 2,
        ("vp sales", "VP sales"), ("cto", "CTO"),
        ("Owner", ""), ("Co-owner", ""), ("Angel investor", ""),
        ("Procurement", ""), ("Business Development", ""), ("Talent Acquisition", ""),
        ("the data guy", ""), ("Visionary. Dreamer. Doer.", ""), ("Customer", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_title_as_it_is_said_after_as(title, said):
    assert spoken.role(title) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Acme Ltd.", "Acme"), ("Acme, Inc.", "Acme"), ("SAP SE", "SAP"), ("Lumen S.A.", "Lumen"),
        ("Zielona Sieć Sp. z o.o.", "Zielona Sieć"), ("Carpat GmbH & Co. KG", "Carpat"),
        ("Müller & Co. KG", "Müller & Co."), ("McKinsey & Company",) * 2, ("AG", "AG"),
        ("University of Leeds", "the University of Leeds"), ("H&M", "H&M"), ("Ab Initio",) * 2,
        ("City of Hamburg", "the City of Hamburg"), ("Bank of Ireland",) * 2,
        ("Toyota Motor Corporation 株式会社", "Toyota Motor"),
        ("Café Huber S.à r.l.", "Café Huber"),
        ("株式会社トヨタ", "トヨタ"), ("ソニー株式会社", "ソニー"), ("株式会社",) * 2,
        ("深圳市腾讯计算机系统有限公司", "深圳市腾讯计算机系统"),
        ("中国石油化工股份有限公司", "中国石油化工"), ("주식회사 카카오", "카카오"),
        ("㈜한화", "한화"), ("\uff08株\uff09日立製作所", "日立製作所"),
        ("ООО Ромашка", "Ромашка"), ("ПАО «Газпром»", "Газпром"), ('ООО "Ромашка"', "Ромашка"),
        ("Škoda Auto a.s.", "Škoda Auto"), ("Kofola spol. s r.o.", "Kofola"),
        ("Schmidt + Partner mbB", "Schmidt + Partner"), ("Weber e.K.", "Weber"),
        ("Meier & Sohn GbR", "Meier & Sohn"), ("Telkom Indonesia Tbk", "Telkom Indonesia"),
        ("Hassan Trading FZE", "Hassan Trading"), ("Equinor ASA", "Equinor"),
        ("Podravka d.d.", "Podravka"), ("Richter Kft.", "Richter"), ("Rakuten K.K.", "Rakuten"),
        ("АО",) * 2,
        ("Amazon Web Services (AWS)", "Amazon Web Services"), ("(AWS)", "(AWS)"),
        ("Deloitte Consulting Ltd. (Zürich)", "Deloitte Consulting"),
        ("Red Cross", "the Red Cross"), ("British Red Cross", "the British Red Cross"),
        ("Max Planck Institute for Physics", "the Max Planck Institute for Physics"),
    ],
)  # fmt: skip
def test_a_company_as_it_is_said_after_at(name, said):
    assert spoken.company(name) == said
